/** @throws when `look` throws, or takes longer: whoever asks how a part is doing must not wait for it */
export async function inTime<T>(limitMs: number, look: () => Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer in time')), limitMs);
  try {
    return await Promise.race([look(), late]);
  } finally {
    // Also when it threw before there was a promise: nobody would be there for what comes late.
    clearTimeout(timer);
  }
}
