// A connection pool of Node that posts a message body after the other: says "ready", waits for a line, says "done".
// usage: rival-undici.js UNDICI ORIGIN COUNT CONNECTIONS SIZE
const [, , where, origin, count, connections, size] = process.argv;
const { Pool } = require(where);

const pool = new Pool(origin, { connections: Number(connections), pipelining: 1 });
const padding = "x".repeat(Math.max(size - 340, 0));
let next = 0;

function body(number) {
	return JSON.stringify({
		type: "nudged.reminder",
		timestamp: new Date().toISOString(),
		data: {
			delivery: "d" + number, attempt: 1, person: { id: "p" + number, name: "Person Number " + number },
			occurrence: "o" + number, reminder: "r", kind: "note", due: new Date().toISOString(), about: null,
			title: "Hello Person Number " + number, text: padding,
		},
	});
}

async function work() {
	while (next < count) {
		const number = next++;
		const headers = { "content-type": "application/json", "webhook-id": "d" + number };
		const response = await pool.request({ path: "/in", method: "POST", headers, body: body(number) });
		if (response.statusCode !== 200) throw new Error("status " + response.statusCode);
		await response.body.dump();
	}
}

process.stdin.once("data", async () => {
	await Promise.all(Array.from({ length: Number(connections) }, work));
	console.log("done");
	process.exit(0);
});
console.log("ready");
