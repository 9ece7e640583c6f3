/** What `oidc-provider` keeps; the demo forgets it when it stops. */
interface Payload {
  readonly uid?: string;
  readonly grantId?: string;
  consumed?: number;
}

const kept = new Map<string, Payload>();

/** Storage for `oidc-provider` in the memory of this process. */
export class MemoryAdapter {
  constructor(private readonly model: string) {}

  upsert(id: string, payload: Payload): Promise<void> {
    kept.set(this.keyOf(id), payload);
    return Promise.resolve();
  }

  find(id: string): Promise<Payload | undefined> {
    return Promise.resolve(kept.get(this.keyOf(id)));
  }

  findByUid(uid: string): Promise<Payload | undefined> {
    const found = [...kept].find(([key, payload]) => key.startsWith(`${this.model}:`) && payload.uid === uid);
    return Promise.resolve(found?.[1]);
  }

  consume(id: string): Promise<void> {
    const payload = kept.get(this.keyOf(id));
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    return Promise.resolve();
  }

  destroy(id: string): Promise<void> {
    kept.delete(this.keyOf(id));
    return Promise.resolve();
  }

  revokeByGrantId(grantId: string): Promise<void> {
    for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key);
    return Promise.resolve();
  }

  private keyOf(id: string): string {
    return `${this.model}:${id}`;
  }
}
