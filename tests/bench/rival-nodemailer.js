// A pool of nodemailer that sends a mail after the other: says "ready", waits for a line, says "done".
// usage: rival-nodemailer.js NODEMAILER PORT COUNT CONNECTIONS
const [, , where, port, count, connections] = process.argv;
const nodemailer = require(where);

const pool = nodemailer.createTransport({
	pool: true, host: "127.0.0.1", port: Number(port), secure: false, ignoreTLS: true,
	maxConnections: Number(connections), maxMessages: Infinity,
});
let next = 0;

async function work() {
	while (next < count) {
		const number = next++;
		const text = "At 09:00 on 2026-11-23: one specific thing, then say what happened.";
		await pool.sendMail({
			from: "Practice <practice@example.org>", to: "p" + number + "@example.org",
			subject: "Hello Person Number " + number, text, html: "<p>" + text + "</p>",
		});
	}
}

process.stdin.once("data", async () => {
	await Promise.all(Array.from({ length: 2 * connections }, work));
	console.log("done");
	process.exit(0);
});
console.log("ready");
