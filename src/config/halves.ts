/** Settings that say nothing without each other. */
const PAIRS = [
  ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
  ['KAFKA_TLS_CERT', 'KAFKA_TLS_KEY'],
] as const;

/** @returns a problem for every setting that is missing beside another one */
export function halvesMissing(settings: Readonly<Record<string, unknown>>): string[] {
  return PAIRS.flatMap(([one, other]) => {
    if ((settings[one] === undefined) === (settings[other] === undefined)) return [];
    const [given, missing] = settings[one] === undefined ? [other, one] : [one, other];
    return [`${missing}: ${given} is set and needs it`];
  });
}
