/**
 * tests/demo/stack.py as an object: started, driven line by line, ended.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const STACK = fileURLToPath(new URL('../../demo/stack.py', import.meta.url));

export class Stack {
	/**
	 * @param {string[]} args  of stack.py
	 */
	static async start(args) {
		const self = new Stack();

		self.child = spawn('/usr/bin/python3', ['-B', STACK, '--port',
		    '0', '--ready-json', ...args],
		    { stdio: ['pipe', 'pipe', 'inherit'] });
		self.ended = new Promise((resolve) =>
		    self.child.once('exit', resolve));
		self.lines = createInterface({ input: self.child.stdout });
		self.waiting = [];
		self.lines.on('line', (line) => {
			self.waiting.shift().resolve(JSON.parse(line));
		});
		/* 'close' comes after the last line. */
		self.lines.on('close', () => {
			for (const one of self.waiting.splice(0))
				one.reject(new Error('the stack ended'));
		});
		self.site = await self.#line();
		return self;
	}

	#line() {
		return new Promise((resolve, reject) =>
		    this.waiting.push({ resolve, reject }));
	}

	/** One command of stack.py; the answer's "ok". */
	async command(name, rest = {}) {
		const answer = this.#line();

		this.child.stdin.write(
		    `${JSON.stringify({ do: name, ...rest })}\n`);
		const { ok, error } = await answer;
		if (error !== undefined)
			throw new Error(error);
		return ok;
	}

	/** Python in the site's Django; what it leaves in `result`. */
	django(code) {
		return this.command('django', { code });
	}

	async stop() {
		this.child.stdin.end();
		return this.ended;
	}
}
