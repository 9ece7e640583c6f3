/**
 * The statement that records an event, or counts it in the row of its minute.
 * @param first the number of its first parameter; fourteen follow. Their values are those of `AuthEvents.prepare`.
 */
export function recordAuthEvent(first: number): string {
  const given = Array.from({ length: 12 }, (_, place) => `$${first + place}`).join(', ');
  const [occurredAt, minute, times] = [`$${first + 12}`, `$${first + 13}`, `$${first + 14}`];
  return `
  INSERT INTO auth_events AS event (id, type, user_id, actor_id, actor_role, session_id, method, reason, what, ip, user_agent,
    trace_id, occurred_at, last_at, minute_of, times)
  SELECT ${given},
    CASE WHEN ${minute}::bytea IS NULL THEN at ELSE date_trunc('minute', at, 'UTC') END, at, ${minute}::bytea, ${times}::int
  FROM (SELECT coalesce(${occurredAt}::timestamptz, clock_timestamp()) AS at) AS moment
  ON CONFLICT (occurred_at, minute_of) DO UPDATE SET (times, user_id, reason, ip, user_agent, trace_id, last_at) =
    (event.times + excluded.times, excluded.user_id, excluded.reason, excluded.ip, excluded.user_agent, excluded.trace_id,
     greatest(event.last_at, excluded.last_at))
  RETURNING last_at AS "recordedAt"`;
}
