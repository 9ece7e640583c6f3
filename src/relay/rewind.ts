import type { FeedReader } from '../events/event-feed.js';

/**
 * Sets the position of a sink: the event after it is sent next. The server that sends notices within a second, also in the middle of a
 * batch.
 * @returns the position that it had; undefined for an unknown sink
 */
export async function setSinkPosition(reader: FeedReader, sink: string, position: number): Promise<number | undefined> {
  const [moved] = await reader.query<{ before: string }[]>(SET, [sink, position]);
  return moved && Number(moved.before);
}

// As a SELECT: for an UPDATE, a data source would return the row count as well.
const SET = `
  WITH earlier AS (SELECT sink, position FROM relay_cursors WHERE sink = $1 FOR UPDATE),
  moved AS (UPDATE relay_cursors AS cursor SET position = $2 FROM earlier WHERE cursor.sink = earlier.sink)
  SELECT position AS before FROM earlier`;
