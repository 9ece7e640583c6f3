/** What a stream says: an event, or a comment. */
export interface StreamItem {
  readonly comment?: string;
  readonly id?: string;
  readonly data?: string;
}

/** In characters. An event of the feed has some hundreds; what does not end must not be kept. */
const LONGEST_EVENT = 65_536;

/** Reads server-sent events (WHATWG HTML, 9.2.6), with their comments. @throws Error for an event that is too long to be one of the feed */
export async function* readEventStream(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamItem> {
  const decoder = new TextDecoder();
  let text = '';
  let item: { id?: string; data?: string } = {};
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (text + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    text = lines.pop() ?? '';
    if (text.length > LONGEST_EVENT) throw new Error('a line of the feed of revocations does not end');
    for (const line of lines) {
      if (line === '') {
        if (item.id !== undefined || item.data !== undefined) yield item;
        item = {};
        continue;
      }
      const [, field, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === '') yield { comment: value };
      else if (field === 'id') item.id = value;
      else if (field === 'data') item.data = item.data === undefined ? value : `${item.data}\n${value}`;
      if ((item.data?.length ?? 0) > LONGEST_EVENT) throw new Error('an event of the feed of revocations does not end');
    }
  }
}
