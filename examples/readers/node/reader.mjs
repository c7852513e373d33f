// Acts on tierflow's tier changes, each once. To copy: put your database in the place of the file, and your work into act.
import { existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { Kafka, logLevel } from "kafkajs";

const { env } = process;
const store = env.READER_STORE ?? "letters.jsonl";
const topic = `${env.TIERFLOW_OUTPUT_PREFIX ?? "tier."}changes`;

// What is done is a line, and the line is the note that it is done: after a crash both are there, or neither. A line that was
// cut off is none. Several readers share a database instead, with a unique key of customer and sequence.
const newest = new Map();
if (existsSync(store)) {
  const written = readFileSync(store, "utf8");
  const whole = written.slice(0, written.lastIndexOf("\n") + 1);
  truncateSync(store, Buffer.byteLength(whole));
  for (const line of whole.split("\n").filter(Boolean)) {
    const { customer_id, sequence } = JSON.parse(line);
    newest.set(customer_id, sequence);
  }
}
const file = openSync(store, "a");

function act(change) {
  if (change.sequence <= (newest.get(change.customer_id) ?? 0)) return ""; // seen before
  newest.set(change.customer_id, change.sequence);
  const { id, customer_id, sequence, tier, backfill } = change;
  // backfill: history, by which nobody has done anything now.
  const text = backfill ? null : `Your tier is now ${tier}`;
  return `${JSON.stringify({ id, customer_id, sequence, text })}\n`;
}

const kafka = new Kafka({
  clientId: "reader",
  brokers: (env.KAFKA_BOOTSTRAP_SERVERS ?? "127.0.0.1:9092").split(","),
  logLevel: logLevel.ERROR,
});
const consumer = kafka.consumer({
  groupId: env.READER_GROUP ?? "letters",
  readUncommitted: false, // else you act on what is taken back
});
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true }); // a new group misses nothing
await consumer.run({
  autoCommit: false, // by hand, after the work
  eachBatch: async ({ batch }) => {
    writeSync(file, batch.messages.map(({ value }) => act(JSON.parse(value))).join(""));
    fsyncSync(file);
    const offset = (BigInt(batch.lastOffset()) + 1n).toString();
    await consumer.commitOffsets([{ topic, partition: batch.partition, offset }]);
  },
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await consumer.disconnect();
    process.exit(0);
  });
}
