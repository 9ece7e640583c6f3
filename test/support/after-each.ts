import { afterAll, afterEach } from '@jest/globals';
import { takeBreaches } from './per-worker/contract.js';

// Of the file before, when something of it was answered late.
takeBreaches();

// Of every test, so that none passes with an answer that is not as the API document says; and once more for what came when
// the file was set up or cleared away.
const failOnBreaches = (): void => {
  const breaches = takeBreaches();
  if (breaches.length > 0) {
    throw new Error(`Answers that are not as the API document says:\n  ${breaches.join('\n  ')}`);
  }
};
afterEach(failOnBreaches);
afterAll(failOnBreaches);
