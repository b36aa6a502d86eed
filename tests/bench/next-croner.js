// The yardstick of next.c: croner, whose folder is the argument, walks the same cron expressions. Reads
// lines `SHAPE<TAB>CRON<TAB>ZONE`, prints `SHAPE ZONE NANOSECONDS`.
"use strict";

const { Cron } = require(process.argv[2]);
const ROUNDS = 3;
const STEPS = 100;

function roundNs(cron) {
  let at = new Date("2026-01-01T00:00:00Z");
  const started = process.hrtime.bigint();
  for (let i = 0; i < STEPS; i++) at = cron.nextRun(at);
  return Number(process.hrtime.bigint() - started) / STEPS;
}

for (const line of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
  const [shape, pattern, zone] = line.split("\t");
  const cron = new Cron(pattern, { timezone: zone, paused: true });
  const best = Math.min(...Array.from({ length: ROUNDS }, () => roundNs(cron)));
  console.log(`${shape} ${zone} ${best.toFixed(1)}`);
}
