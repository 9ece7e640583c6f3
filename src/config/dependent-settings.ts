/** Settings that require each other. */
const PAIRS = [
  ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
  ['KAFKA_TLS_CERT', 'KAFKA_TLS_KEY'],
] as const;

/** Settings that require another one, but not vice versa. */
const ADDITIONS = [
  ['DATABASE_DIRECT_URL', 'DATABASE_URL'],
  ['MIGRATION_DATABASE_URL', 'DATABASE_URL'],
] as const;

/** @returns a problem for every setting that another one requires */
export function missingDependentSettings(settings: Readonly<Record<string, unknown>>): string[] {
  const needs = [...PAIRS, ...PAIRS.map(([one, other]) => [other, one] as const), ...ADDITIONS];
  return needs.flatMap(([given, needed]) =>
    settings[given] !== undefined && settings[needed] === undefined
      ? [`${needed}: required because ${given} is set`]
      : [],
  );
}
