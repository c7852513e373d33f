/** What several workers and partitions are together. */
import type { Partition, Worker } from "../api/types";

/** The slowest worker's delay; null where none is known. */
export function delay(workers: readonly Worker[]): { typical_s: number; most_s: number } | null {
  const known = workers.filter((worker) => worker.delay_p50_s !== null);
  if (!known.length) return null;
  return {
    typical_s: Math.max(...known.map((worker) => worker.delay_p50_s ?? 0)),
    most_s: Math.max(...known.map((worker) => worker.delay_p99_s ?? worker.delay_p50_s ?? 0)),
  };
}

export function waiting(partitions: readonly Partition[]): { records: number; oldest_s: number | null } {
  const ages = partitions.map((partition) => partition.oldest_age_s).filter((age) => age !== null);
  return {
    records: partitions.reduce((sum, partition) => sum + (partition.lag_records ?? 0), 0),
    oldest_s: ages.length ? Math.max(...ages) : null,
  };
}
