import './server/refuse-old-node.js';
import type * as Server from './serve.js';
import { fromBundle } from './server/from-bundle.js';

(await fromBundle<typeof Server>('serve')).run();
