// Answers a line of JSON with one, from the rrule-temporal whose folder is the argument:
//   {text, after, count, until, periods}   {next: [seconds]} or {error}
// text is DTSTART, RRULE, RDATE and EXDATE as in a calendar; after null: from the start; periods: how many
// without anything it walks before that is the end.
"use strict";

const { RRuleTemporal } = require(process.argv[2]);

function next({ text, after, count, until, periods }) {
  const rule = new RRuleTemporal({ rruleString: text, maxIterations: periods });
  const found = [];
  const keep = (at) => {
    const seconds = at.epochMilliseconds / 1000;
    if (seconds <= until) found.push(seconds);
    return seconds <= until && found.length < count;
  };
  try {
    if (after === null) {
      rule.all(keep);
    } else {
      let at = rule.next(new Date(after * 1000), false);
      while (at && keep(at)) at = rule.next(new Date(at.epochMilliseconds), false);
    }
  } catch (error) {
    // So many periods in a row without anything: it says so; here that is the end.
    if (!/Maximum iterations/.test(error.message)) throw error;
  }
  return { next: found };
}

require("./node-lines.js").serve(next);
