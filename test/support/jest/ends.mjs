const PATIENCE_MS = 120_000;

/**
 * A process or a connection that a failed test left behind keeps Jest from ending for as long as it lives. This reporter ends it two
 * minutes after its last test, as failed; what ends by itself does not wait for it.
 */
export default class Ends {
  onRunComplete() {
    setTimeout(() => {
      console.error('A test left something behind that keeps Jest from ending, so it is ended now, as failed.');
      process.exit(1);
    }, PATIENCE_MS).unref();
  }
}
