// A small HTTP/1.1 client over raw sockets with keep-alive: one request at a time on each connection.
// It reads only what the bench needs (status, length, outcome), so that the load costs less than the answer.

import { connect } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const OUTCOMES = ['assigned', 'held', 'rejected'].map((name) => ({ name, mark: Buffer.from(`"outcome":"${name}"`) }));
const REQUEST_TIMEOUT_MS = 20_000;
/** The server closes a connection that was idle for five seconds. */
const IDLE_MS_MAX = 3_000;

export class Connection {
  constructor(port, token, path) {
    this.port = port;
    this.head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${token}\r\n`
      + 'content-type: application/json\r\ncontent-length: ';
    this.open();
  }

  open() {
    this.socket?.destroy();
    this.parts = [];
    this.broken = undefined;
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    const fail = (error) => this.socket === socket && this.fail(error);
    socket.setTimeout(REQUEST_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
    socket.on('data', (data) => this.receive(data));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('connection closed')));
    this.socket = socket;
    this.usedAt = performance.now();
  }

  /**
   * Sends one body of ASCII text. `done(status, outcome)` is called once; without an answer with status 0 and what
   * went wrong.
   */
  send(body, done) {
    if (this.broken || performance.now() - this.usedAt > IDLE_MS_MAX) this.open();
    this.done = done;
    this.socket.write(`${this.head}${body.length}\r\n\r\n${body}`, 'latin1');
  }

  receive(data) {
    this.parts.push(data);
    const answer = this.parts.length === 1 ? data : Buffer.concat(this.parts);
    const end = answer.indexOf(HEAD_END);
    if (end < 0) return;
    const head = answer.toString('latin1', 0, end).toLowerCase();
    const length = /\r\ncontent-length: *(\d+)/.exec(head);
    const body = answer.subarray(end + HEAD_END.length);
    if (length ? body.length < Number(length[1]) : !body.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) return;
    this.parts = [];
    this.answer(Number(head.slice(9, 12)), OUTCOMES.find(({ mark }) => body.includes(mark))?.name ?? 'other');
  }

  answer(status, outcome) {
    const { done } = this;
    this.done = undefined;
    this.usedAt = performance.now();
    done?.(status, outcome);
  }

  fail(error) {
    this.broken ??= error;
    this.answer(0, this.broken.message);
  }

  close() {
    this.done = undefined;
    this.socket.destroy();
  }
}
