// What an admin page does, with npm's ws: joins, becomes the editor, saves,
// leaves; a chat room with a message to itself; a refused handshake. Exits 0
// when every frame came as it should.
'use strict';
const WebSocket = require('ws');
const assert = require('assert');

const [port, prefix, cookie, room, page] = process.argv.slice(2);

function open(path, withCookie = true) {
	const ws = new WebSocket(`ws://127.0.0.1:${port}/${prefix}/${path}/`, {
		origin: `http://127.0.0.1:${port}`,
		headers: withCookie ? { Cookie: `sessionid=${cookie}` } : {},
	});
	const frames = [], waiting = [];
	ws.on('message', (data, isBinary) => {
		assert(!isBinary);
		const frame = JSON.parse(data);
		if (waiting.length)
			waiting.shift()(frame);
		else
			frames.push(frame);
	});
	ws.next = () => frames.length ? Promise.resolve(frames.shift()) :
	    new Promise((resolve) => waiting.push(resolve));
	ws.expect = async (type) => {
		const frame = await ws.next();
		assert.strictEqual(frame.type, type, JSON.stringify(frame));
		return frame;
	};
	ws.say = (message) => ws.send(JSON.stringify(message));
	return ws;
}

const closed = (ws) => new Promise((resolve) => ws.on('close', resolve));
const refused = (ws) => new Promise((resolve, reject) => {
	ws.on('unexpected-response', (req, res) => {
		resolve(res.statusCode);
		req.destroy();
	});
	ws.on('error', () => {});
	ws.on('open', () => reject(new Error('let in')));
});

async function edit() {
	const ws = open(room);
	const me = await ws.expect('user_joined');
	await ws.expect('user_joined');
	ws.say({ type: 'request_editor_status' });
	assert.strictEqual((await ws.expect('editor_status')).editor_id, null);
	ws.say({ type: 'claim_editor', timestamp: new Date().toISOString() });
	assert.strictEqual((await ws.expect('editor_status')).editor_id,
	    me.user_id);
	const pong = new Promise((resolve) => ws.on('pong', resolve));
	ws.ping('hello');
	assert.strictEqual((await pong).toString(), 'hello');
	ws.say({ type: 'heartbeat' });
	ws.say({ type: 'content_updated',
	    timestamp: new Date().toISOString() });
	await ws.expect('content_updated');
	ws.say({ type: 'release_lock' });
	await ws.expect('lock_released');
	ws.close(1000);
	assert.strictEqual(await closed(ws), 1000);
}

async function chat() {
	const ws = open(`chat/${page}`);
	assert.deepStrictEqual((await ws.expect('active_users')).users, []);
	const me = await ws.expect('user_joined');
	ws.say({ type: 'chat_message', recipient_id: me.user_id,
	    message: 'to myself' });
	assert.strictEqual((await ws.expect('chat_message')).message,
	    'to myself');
	ws.close(1001);
	assert.strictEqual(await closed(ws), 1001);
}

(async () => {
	assert.strictEqual(await refused(open(room, false)), 403);
	await edit();
	await chat();
	process.exit(0);
})().catch((e) => {
	console.error(e);
	process.exit(1);
});
