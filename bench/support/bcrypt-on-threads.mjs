// For `--import`: the server computes bcrypt on libuv's threads, at the priority of everything else and without a bound.
import bcrypt from 'bcrypt';
import { HashPool } from '../../dist/auth/passwords/hash-pool/hash-pool.js';

HashPool.prototype.hash = (prehash, cost) => bcrypt.hash(prehash, cost);
HashPool.prototype.compare = (prehash, stored) => bcrypt.compare(prehash, stored);
