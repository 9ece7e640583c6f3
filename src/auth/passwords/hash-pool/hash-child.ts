import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../config/package-root.js';
import type { HashAnswer, HashRequest } from './hash-request.js';

// Compiled, even if the rest runs from source.
const PROGRAM = join(PACKAGE_ROOT, 'dist/auth/passwords/hash-pool/hash-worker.js');

// A computing process needs none of our secrets; these are what starting a program may need.
const ENVIRONMENT = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SystemRoot', 'TMPDIR', 'TEMP'];

/** One worker process, which handles one request at a time. */
export class HashChild {
  private readonly process: ChildProcess;
  private answered: ((answer: HashAnswer) => void) | undefined;
  /** Settled when the process has ended, for any reason. */
  readonly ended: Promise<string>;
  dismissed = false;

  /** @param nice of the process, 0 to 19 */
  constructor(nice: number) {
    this.process = fork(PROGRAM, [String(nice)], {
      execArgv: [],
      env: Object.fromEntries(ENVIRONMENT.flatMap((name) => (name in process.env ? [[name, process.env[name]]] : []))),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.ended = new Promise((resolve) => {
      this.process.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
      // It could not be started; for a running one, `exit` is emitted.
      this.process.on('error', (error) => {
        if (this.process.pid === undefined) resolve(error.message);
      });
    });
    this.process.on('message', (answer: HashAnswer) => {
      this.process.channel?.unref();
      this.answered?.(answer);
    });
    // An idle worker must not keep the process alive.
    this.process.unref();
    this.process.channel?.unref();
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** @param answered not called if the process ends before answering: see `ended` */
  compute(request: HashRequest, answered: (answer: HashAnswer) => void): void {
    this.answered = answered;
    this.process.channel?.ref();
    // If sending fails, the worker is gone and `ended` follows.
    this.process.send(request, () => undefined);
  }

  /** Lets it exit once it is idle. */
  dismiss(): void {
    this.dismissed = true;
    if (this.process.connected) this.process.disconnect();
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }
}
