// What the programs on node share: they answer a line of JSON with one, a failure is {error}.
//   {zone, instants: [seconds]}    {offsets: [seconds]} of node's own time zone data
"use strict";

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

exports.serve = (next) =>
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
