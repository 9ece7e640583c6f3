import './server/refuse-old-node.js';
import type * as Commands from './commands.js';
import { fromBundle } from './server/from-bundle.js';

(await fromBundle<typeof Commands>('commands')).run();
