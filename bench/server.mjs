// One workerd with a Worker in it: starting, stopping, and what the operating system says about it.

import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import workerd from 'workerd';
import { writeServer } from './config.mjs';

/** Length of one tick of the processor clock in /proc, in milliseconds: 100 a second on every Linux of today. */
const TICK_MS = 10;
const START_TIMEOUT_MS = 20_000;

export class Server {
  /** Starts a server and waits for its first answer; `startMs` is the time from spawn to that answer. */
  static async start(options) {
    const server = new Server();
    server.name = options.name;
    const config = writeServer(options);
    server.log = join(options.dir, 'log');
    const out = openSync(server.log, 'w');
    const flags = ['serve', config, '--experimental', '--control-fd=3', ...(options.flags ?? [])];
    if (options.inspector) flags.push('--inspector-addr=127.0.0.1:0');
    const started = performance.now();
    server.process = spawn(workerd.default ?? workerd, flags, { stdio: ['ignore', out, out, 'pipe'] });
    server.pid = server.process.pid;
    server.ended = new Promise((resolve) => server.process.once('exit', resolve));
    try {
      server.ports = await server.listening(options.inspector ? 4 : 3);
      await call(server.ports.http, 'GET', '/healthz');
    } catch (error) {
      await server.stop();
      const log = readFileSync(server.log, 'utf8').slice(-3000);
      throw new Error(`${options.name} does not start: ${error.message}\n${log}`);
    }
    server.startMs = performance.now() - started;
    return server;
  }

  /** Resolves to the ports that the runtime chose, by name of the socket. */
  listening(sockets) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no port in time')), START_TIMEOUT_MS);
      const ports = {};
      createInterface({ input: this.process.stdio[3] }).on('line', (line) => {
        const event = JSON.parse(line);
        ports[event.event === 'listen-inspector' ? 'inspector' : event.socket] = event.port;
        if (Object.keys(ports).length < sockets) return;
        clearTimeout(timer);
        resolve(ports);
      });
      this.ended.then((code) => reject(new Error(`ended with ${code}`)));
    });
  }

  async stop() {
    this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 3_000);
    await this.ended;
    clearTimeout(timer);
  }

  /** Processor time used so far, in milliseconds. */
  cpuMs() {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }

  /** Resident memory, in MB. */
  rssMb() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]) / 1024;
  }

  /** Asks the stand-in of the queue or of D1. */
  async ask(standIn, path, body) {
    const answer = await call(this.ports[standIn], 'POST', path, body);
    return answer.text ? JSON.parse(answer.text) : null;
  }

  hold() {
    return this.ask('queue', '/__hold');
  }

  /** Lets the queue deliver, and waits until everything is delivered. */
  async drain(timeoutMs = 30_000) {
    const until = performance.now() + timeoutMs;
    await this.ask('queue', '/__release');
    for (;;) {
      // The outbox is sent after the answer, so an empty queue counts only when it stays empty.
      await pause(150);
      const first = await this.ask('queue', '/__stats');
      if (first.idle) {
        await pause(100);
        const second = await this.ask('queue', '/__stats');
        if (second.idle && second.sent === first.sent) return second;
      }
      if (performance.now() > until) throw new Error(`${this.name}: the queue is not empty after ${timeoutMs} ms`);
    }
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One request; resolves to status and text of the answer. */
export function call(port, method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    // A connection of its own: the runtime closes idle ones at moments at which they may be in use again.
    const options = { host: '127.0.0.1', port, method, path, headers, timeout: START_TIMEOUT_MS, agent: false };
    const sent = request(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    });
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in time`)));
    sent.on('error', reject);
    sent.end(body);
  });
}
