// Answers a line of JSON with one, from the croner whose folder is the argument:
//   {pattern, zone, from, count}   {next: [seconds]} or {error}
//   {zone, instants: [seconds]}    {offsets: [seconds]} of node's own time zone data, or {error}
"use strict";

const { Cron } = require(process.argv[2]);

function next({ pattern, zone, from, count }) {
  const cron = new Cron(pattern, { timezone: zone, paused: true, fixedTimeRule: "no-wildcard" });
  return { next: cron.nextRuns(count, new Date(from * 1000)).map((date) => date.getTime() / 1000) };
}

function offsets({ zone, instants }) {
  const parts = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", ...parts });
  return {
    offsets: instants.map((utc) => {
      const shown = {};
      for (const { type, value } of format.formatToParts(utc * 1000)) shown[type] = Number(value);
      const { year, month, day, hour, minute, second } = shown;
      return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - utc;
    }),
  };
}

require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const request = JSON.parse(line);
    let answer;
    try {
      answer = request.instants ? offsets(request) : next(request);
    } catch (error) {
      answer = { error: error.message };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  });
