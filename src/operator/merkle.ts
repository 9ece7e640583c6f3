import { createHash } from 'node:crypto';

/**
 * The root of a Merkle tree over a stream of leaves (RFC 6962, 2.1), in logarithmic memory.
 */
export class MerkleTree {
  private readonly subtrees: { readonly size: number; readonly hash: Buffer }[] = [];

  add(leaf: Buffer | string): void {
    let [size, hash] = [1, sha256(LEAF, Buffer.from(leaf))];
    for (let last = this.subtrees.at(-1); last?.size === size; last = this.subtrees.at(-1)) {
      this.subtrees.pop();
      hash = sha256(NODE, last.hash, hash);
      size *= 2;
    }
    this.subtrees.push({ size, hash });
  }

  root(): Buffer {
    const [last, ...larger] = this.subtrees.map(({ hash }) => hash).reverse();
    return last ? larger.reduce((right, left) => sha256(NODE, left, right), last) : sha256();
  }
}

// Domain separation: a leaf cannot be passed off as a node.
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

function sha256(...parts: Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
