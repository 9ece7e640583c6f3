/** Something that is done to the person whose page it is. */
export interface PersonAct {
  /** @param etag of the state that one saw, for `If-Match` where the act depends on it */
  readonly act: (etag: string) => Promise<unknown>;
  /** Of another state than the one that is shown now, such as that with which a form began. */
  readonly etag?: string;
  /** Said once it is done. */
  readonly done: string;
  /** Takes it back. */
  readonly undo?: () => Promise<unknown>;
  /** What one wanted fields to be, to be shown beside what somebody else has made of them meanwhile. */
  readonly mine?: Readonly<Record<string, unknown>>;
}
