// Answers a line of JSON with one, from the croner whose folder is the argument:
//   {pattern, zone, from, count}   {next: [seconds]} or {error}
"use strict";

const { Cron } = require(process.argv[2]);

function next({ pattern, zone, from, count }) {
  const cron = new Cron(pattern, { timezone: zone, paused: true, fixedTimeRule: "no-wildcard" });
  return { next: cron.nextRuns(count, new Date(from * 1000)).map((date) => date.getTime() / 1000) };
}

require("./node-lines.js").serve(next);
