// The server as its modules and not as its bundle, so that one of them can be changed before.
import { run } from '../../dist/serve.js';

run();
