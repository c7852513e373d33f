/** What the words of a policy file mean, line by line, in each language: docs/policies.md in a few words. */
import type { Language } from "../words/words.svelte";

type Texts = readonly [en: string, zhTw: string, zhCn: string];
const ORDER: Record<Language, number> = { en: 0, "zh-TW": 1, "zh-CN": 2 };

// By section and word; a section's "*" is for every word of it that is not named.
const MEANINGS: Record<string, Record<string, Texts>> = {
  "": {
    name: ["The name of the policy", "規則名稱", "规则名称"],
    version: ["Goes up with every change", "每次修改加一", "每次修改加一"],
    currency: ["All amounts are counted in it", "所有金額以此幣別計算", "所有金额以此币种计算"],
    time_zone: ["Days begin at midnight there", "每天從這個時區的午夜開始", "每天从这个时区的午夜开始"],
  },
  rates: { "*": ["What one unit of it is worth", "一單位等於多少本規則的幣別", "一单位等于多少本规则的币种"] },
  products: { "*": ["A word of the bank's, and what it counts as", "銀行自己的產品用語，視為哪一類", "银行自己的产品用语，视为哪一类"] },
  measures: {
    "[]": ["A figure that tiers can ask for", "等級可以要求的一項數字", "等级可以要求的一项数字"],
    total: ["The newest total", "最新的總額", "最新的总额"],
    average: ["The average of the daily closing totals", "每日結餘的平均", "每日结余的平均"],
    month_end: ["The total at the end of the last month", "上月底的總額", "上月底的总额"],
    sum: ["The amounts of transactions of these kinds", "這些種類交易的金額合計", "这些种类交易的金额合计"],
    count: ["The number of transactions of these kinds", "這些種類交易的筆數", "这些种类交易的笔数"],
    days: ["So many days back", "往回看這麼多天", "往回看这么多天"],
    months: ["So many whole months back", "往回看這麼多個整月", "往回看这么多个整月"],
  },
  value: {
    "[]": ["What makes up the composite value", "綜合價值由什麼組成", "综合价值由什么组成"],
    terms: ["Its parts, with weights and limits", "各組成項目、權重與上限", "各组成项目、权重与上限"],
    credit: ["How credit standing adds to the assets or takes off", "信用狀況如何加減資產", "信用状况如何加减资产"],
  },
  caps: {
    "[]": ["The best tier that a credit standing allows", "信用狀況所允許的最高等級", "信用状况所允许的最高等级"],
    "*": ["In this standing nobody is above that tier", "在此信用狀況下不得高於這個等級", "在此信用状况下不得高于这个等级"],
  },
  rating: {
    "[]": ["When tiers are decided", "何時評定等級", "何时评定等级"],
    when: ["At once, daily, at month's end, or on named days", "立即、每日、月底或指定日期", "立即、每日、月底或指定日期"],
    effect: ["When a decision takes effect", "評定何時生效", "评定何时生效"],
  },
  falling: {
    "[]": ["How a tier is lost", "等級如何失去", "等级如何失去"],
    after_days: ["Only after so many days in a row below the floor", "連續這麼多天低於門檻才降級", "连续这么多天低于门槛才降级"],
    after_months: ["Only after so many months in a row below the floor", "連續這麼多個月低於門檻才降級", "连续这么多个月低于门槛才降级"],
    protection_days: ["No fall within so many days of an upgrade", "升級後這麼多天內不降級", "升级后这么多天内不降级"],
    term_months: ["A tier is sure for so many months", "等級確定保有這麼多個月", "等级确定保有这么多个月"],
    grace_months: ["So many months to meet the floor again", "有這麼多個月可再次達標", "有这么多个月可再次达标"],
    to: ["To which tier a customer falls", "降到哪個等級", "降到哪个等级"],
    when: ["When falls are decided", "何時評定降級", "何时评定降级"],
  },
  tiers: {
    "[]": ["A tier; the lowest comes first", "一個等級；由低到高", "一个等级；由低到高"],
    id: ["Its word in messages", "訊息中的代號", "消息中的代号"],
    name: ["What people read", "顯示的名稱", "显示的名称"],
    at_least: ["The floor: this much, itself included", "門檻：至少這麼多，含本數", "门槛：至少这么多，含本数"],
    enter: ["What it takes to come in", "進入的條件", "进入的条件"],
    keep: ["What it takes to stay", "維持的條件", "维持的条件"],
  },
  "tiers.strategy": {
    "[]": ["What the tier is for", "這個等級的服務策略", "这个等级的服务策略"],
    needs: ["What these customers need", "這些客戶的需求", "这些客户的需求"],
    services: ["What they get", "享有的服務", "享有的服务"],
    campaigns: ["Campaigns for them", "適用的行銷活動", "适用的营销活动"],
    risk_controls: ["Controls of risk", "風險控管", "风险管控"],
  },
  campaigns: {
    "[]": ["A campaign", "一項行銷活動", "一项营销活动"],
    id: ["Its word in messages", "訊息中的代號", "消息中的代号"],
    kind: ["What it waits for", "等待什麼時機", "等待什么时机"],
    name: ["What people read", "顯示的名稱", "显示的名称"],
    tiers: ["Whom it is for", "適用對象", "适用对象"],
    at_least: ["From this amount on", "從這個金額起", "从这个金额起"],
    at_most: ["At most this much", "最多這麼多", "最多这么多"],
    amount: ["What is given", "給予的金額", "给予的金额"],
    rate: ["The share that is given back", "回饋比率", "返还比率"],
    types: ["Kinds of transactions that count", "計入的交易種類", "计入的交易种类"],
    to: ["The tier that is near", "接近的等級", "接近的等级"],
    for_days: ["So many days in a row", "連續這麼多天", "连续这么多天"],
    every_days: ["Not again within so many days", "這麼多天內不重複", "这么多天内不重复"],
    within_days: ["So many days after the first event", "首筆事件後這麼多天內", "首笔事件后这么多天内"],
    without_transaction_days: ["So many days without a transaction", "這麼多天沒有交易", "这么多天没有交易"],
    days_before: ["So many days before the tier falls", "降級前這麼多天", "降级前这么多天"],
    hold_out: ["This share is kept apart to measure by", "留作對照組的比例", "留作对照组的比例"],
    budget: ["What it may spend", "預算", "预算"],
  },
  contact: {
    "[]": ["How often customers are approached", "多久聯絡客戶一次", "多久联系客户一次"],
    campaigns: ["These count together", "合併計算的活動", "合并计算的活动"],
    at_most: ["At most so many", "最多這麼多次", "最多这么多次"],
    in_days: ["In so many days", "在這麼多天內", "在这么多天内"],
    quiet_days: ["Then so many quiet days", "之後這麼多天不打擾", "之后这么多天不打扰"],
  },
  "risk.large_loan": {
    "[]": ["From which amount on a loan is large", "多大的貸款算大額", "多大的贷款算大额"],
    "*": ["For customers of this tier", "適用這個等級的客戶", "适用这个等级的客户"],
  },
  "risk.standing": {
    "[]": ["What a credit standing means for a loan", "信用狀況對貸款的影響", "信用状况对贷款的影响"],
    "*": ["The loan is then decided like this", "貸款因此這樣決定", "贷款因此这样决定"],
  },
  "risk.against_assets": { "[]": ["A loan held against the assets", "貸款與資產相比", "贷款与资产相比"], more_than_times: ["More than so many times the assets", "超過資產的這麼多倍", "超过资产的这么多倍"], outcome: ["Is decided like this", "這樣決定", "这样决定"] },
  "risk.fresh_assets": { "[]": ["Assets that came in lately", "近期才轉入的資產", "近期才转入的资产"], days: ["In the last so many days", "最近這麼多天", "最近这么多天"], more_than: ["More than this share of all", "超過全部的這個比例", "超过全部的这个比例"], outcome: ["Is decided like this", "這樣決定", "这样决定"] },
  "risk.monitoring": { "[]": ["Loans that are watched", "貸後觀察", "贷后观察"], days: ["For so many days", "觀察這麼多天", "观察这么多天"], assets_at_most: ["An alert when the assets come down to these shares", "資產降到這些比例時發出警示", "资产降到这些比例时发出预警"] },
};

/** Gives what each line of a policy file means, where there is something to say. */
export function meanings(toml: string, language: Language): (string | null)[] {
  let section = "";
  return toml.split("\n").map((line) => {
    const head = /^\s*\[{1,2}([\w.\-"]+)\]{1,2}/.exec(line)?.[1];
    if (head !== undefined) {
      section = MEANINGS[head] ? head : (head.split(".")[0] ?? "");
      return MEANINGS[section]?.["[]"]?.[ORDER[language]] ?? null;
    }
    const word = /^(?:"([^"]+)"|([\w-]+))\s*=/.exec(line);
    if (!word) return null;
    const of = MEANINGS[section];
    return (of?.[word[1] ?? word[2] ?? ""] ?? of?.["*"])?.[ORDER[language]] ?? null;
  });
}
