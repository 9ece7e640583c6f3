// Loaded into a process that a test starts (NODE_OPTIONS=--import), where coverage is measured.
import { startCoverage, writeCoverage } from './coverage.mjs';

startCoverage();
process.once('exit', writeCoverage);
