/**
 * Starts a session of user $2, and before it ends those beyond the $13 last used, for the reason $12. By places rather than OFFSET, so
 * that the statement is prepared (`prepareRecurring`).
 */
export const START_SESSION = `
  WITH ended AS (
    UPDATE sessions SET ended_at = now(), end_reason = $12 WHERE user_id = $2 AND id IN (
      SELECT id FROM (SELECT id, row_number() OVER (ORDER BY last_used_at DESC, id DESC) AS place
        FROM sessions WHERE user_id = $2 AND ended_at IS NULL) AS open WHERE place > $13::int)
    RETURNING id)
  INSERT INTO sessions (id, user_id, key_id, nonce, ip, user_agent, idle_expires_at, absolute_expires_at, kind, amr, keep_signed_in)
  VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 millisecond', now() + $8 * interval '1 millisecond', $9, $10, $11)
  RETURNING amr, authenticated_at AS "authenticatedAt", ARRAY(SELECT id FROM ended) AS ended`;
