import { ModuleMocker } from 'jest-mock';
import { startCoverage, writeCoverage } from './coverage.mjs';

/** Where jest.setTimeout() keeps what it is told. */
const TEST_TIMEOUT = Symbol.for('TEST_TIMEOUT_SYMBOL');

/** Tests run among Node's own globals, so that what they import is loaded once a worker; see native-runtime.mjs. */
export default class NativeEnvironment {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  #console = console;
  #exit = process.exit;

  async setup() {
    startCoverage();
  }

  /** Gives back what Jest takes for the length of a file. */
  async teardown() {
    writeCoverage();
    globalThis.console = this.#console;
    process.exit = this.#exit;
    delete globalThis[TEST_TIMEOUT];
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  /** None: tests run in the context of the worker. */
  getVmContext() {
    return null;
  }
}
