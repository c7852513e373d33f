/** What the console's API answers (docs/console.md). Times are RFC 3339 text, amounts decimal text. */

export type Names = Partial<Record<string, string>>;
export type May = "read_customers" | "pin" | "replay" | "propose" | "approve";
export type Session = { name: string; role: string; may: May[] };
export type Page<Item> = { items: Item[]; next: string | null };

export type PolicyName = { name: string; version: number; digest: string };
export type TierCount = { id: string; names: Names; customers: number; share: string };
export type Tiers = {
  tiers: TierCount[];
  customers: number;
  complete: boolean;
  policy: (PolicyName & { since: string | null }) | null;
};

export type Span = "hour" | "day" | "month";
export type Flow = { previous_tier: string | null; tier: string; direction: string; changes: number };
export type Flows = { from: string; to: string; flows: Flow[] };
export type Rate = {
  at: string;
  upgrades: number;
  downgrades: number;
  initial: number;
  triggers: number;
  decisions: number;
  alerts: number;
};
export type Rates = { points: Rate[] };

export type Worker = {
  url: string;
  ready: boolean;
  reasons: string[];
  partitions: number[];
  events_per_s: number | null;
  delay_p50_s: number | null;
  delay_p99_s: number | null;
};
export type Partition = {
  partition: number;
  worker: string | null;
  lag_records: number | null;
  oldest_age_s: number | null;
};
/** A sentence by language. */
export type Texts = Partial<Record<string, string>>;
export type Incident = { since: string; severity: "warning" | "critical"; text: Texts; runbook: string | null };
export type Operations = { workers: Worker[]; partitions: Partition[]; incidents: Incident[] };

export type TierName = { id: string; names: Names };
export type Floor = {
  tier: string;
  names: Names;
  measure: string;
  measure_names: Names | null;
  is: string | null;
  at_least: string;
  missing: string | null;
  met: boolean;
};
export type Hold = {
  kind: "protection" | "grace" | "term" | "pin" | "cap";
  until: string | null;
  reason: string | null;
  by: string | null;
};
export type Pin = { tier: string; until: string; reason: string; by: string; at: string | null };
export type ServiceName = { id: string; kind: string; names: Names };
export type Explanation = {
  customer_id: string;
  tier: TierName;
  earned_tier: TierName;
  since: string | null;
  direction: string | null;
  reason: string | null;
  as_of: string;
  currency: string;
  value: string | null;
  floors: Floor[];
  next: { tier: string; names: Names; missing: string | null } | null;
  held_by: Hold[];
  falls: { tier: string; names: Names; at: string } | null;
  pin: Pin | null;
  consent: "opted_in" | "opted_out";
  lost: { tier: string; names: Names; at: string; reason: string; missing: string | null } | null;
  strategy: {
    needs: string[] | Names[];
    services: ServiceName[];
    campaigns: { id: string; names: Names }[];
    risk_controls: string[];
  };
  sentences: Partial<Record<string, string[]>>;
};

export type TierMessage = {
  id: string;
  customer_id?: string;
  direction: "initial" | "upgrade" | "downgrade";
  previous_tier: string | null;
  tier: string;
  earned_tier: string;
  reason: string;
  decided_at: string;
  value: string | null;
  currency: string;
  strategy?: { granted: string[]; withdrawn: string[] };
};
export type CampaignMessage = {
  id: string;
  customer_id?: string;
  campaign: string;
  kind: string;
  tier: string;
  group: "treated" | "held_out";
  triggered_at: string;
  period: string | null;
  amount: string | null;
  currency: string;
  missing: string | null;
  due: string | null;
};
export type LoanCondition = {
  measure: string;
  is: string | null;
  at_least?: string;
  more_than?: string;
  at_most?: string;
  equals?: string;
  outcome?: string;
  met: boolean;
};
export type LoanMessage = {
  id: string;
  customer_id?: string;
  loan_id: string;
  kind: "decision" | "alert";
  outcome?: "standard" | "enhanced" | "refer";
  reason?: string;
  tier: string | null;
  amount: string;
  currency: string;
  decided_at: string;
  monitored_until: string | null;
  conditions: LoanCondition[];
};
export type Past =
  | { at: string; kind: "tier"; message: TierMessage }
  | { at: string; kind: "campaign"; message: CampaignMessage }
  | { at: string; kind: "loan" | "alert"; message: LoanMessage };

export type CustomerOfTier = {
  customer_id: string;
  since: string;
  value: string | null;
  currency: string;
  earned_tier: string;
};
export type Budget = { triggers: number | null; amount: string | null; per: string };
export type Campaign = {
  id: string;
  kind: string | null;
  names: Names;
  treated: number;
  held_out: number;
  newest_at: string | null;
  budget: { limit: Budget; granted: number; since: string | null } | null;
};

export type Policies = {
  in_force: (PolicyName & { since: string | null }) | null;
  items: (PolicyName & { at: string | null })[];
};
export type PolicyText = PolicyName & { toml: string; words: { line: number; text: Texts }[] };
export type Finding = { line: number | null; field: string | null; severity: "error" | "warning"; text: Texts };
export type PolicyFloor = { tier: string; names: Names; measure: string; at_least: string };
export type Checked = { ok: boolean; findings: Finding[]; floors: PolicyFloor[] };
export type Compared = {
  customers: number;
  from: PolicyName;
  to: PolicyName;
  matrix: { from: string | null; to: string; customers: number }[];
  events: number;
  first_at: string | null;
  last_at: string | null;
};
export type Proposal = {
  id: number;
  name: string;
  version: number;
  digest: string;
  note: string;
  proposed_by: string;
  proposed_at: string;
  approved_by: string | null;
  approved_at: string | null;
};

export type DeadLetter = {
  id: string;
  at: string;
  topic: string;
  partition: number;
  offset: number;
  reason: string;
  detail: string;
};
export type DeadLetters = Page<DeadLetter> & { reasons: Record<string, number> };
export type Replayed = { replayed: number; refused: { id: string; why: string }[] };
