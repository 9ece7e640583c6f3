import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const A = 1;
const TXT = 16;
const NO_SUCH_NAME = 3;
const HEADER_BYTES = 12;

/** A name server (RFC 1035) that knows a few names; asked for others it says that there are none. */
export class NameServer {
  readonly asked: string[] = [];

  private constructor(
    private readonly socket: Socket,
    private readonly records: Readonly<Record<string, readonly string[]>>,
  ) {}

  /**
   * @param records texts by `TXT name`, addresses by `A name`
   * @param isSilent whether it never answers
   */
  static async start(records: Record<string, readonly string[]>, isSilent = false): Promise<NameServer> {
    const socket = createSocket('udp4');
    const server = new NameServer(socket, records);
    socket.on('message', (query, { port, address }) => {
      const answer = server.answer(query);
      if (!isSilent) socket.send(answer, port, address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  async stop(): Promise<void> {
    await new Promise<void>((closed) => this.socket.close(closed));
  }

  private answer(query: Buffer): Buffer {
    const labels: string[] = [];
    let at = HEADER_BYTES;
    for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const name = labels.join('.').toLowerCase();
    const type = query.readUInt16BE(at + 1);
    const question = query.subarray(HEADER_BYTES, at + 5);
    this.asked.push(name);
    const found = (type === A && this.records[`A ${name}`]) || (type === TXT && this.records[`TXT ${name}`]) || [];
    const exists = [`A ${name}`, `TXT ${name}`].some((key) => key in this.records);
    const header = Buffer.alloc(HEADER_BYTES);
    query.copy(header, 0, 0, 2);
    // An answer, with recursion.
    header.writeUInt16BE(0x8180 | (exists ? 0 : NO_SUCH_NAME), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(found.length, 6);
    return Buffer.concat([header, question, ...found.map((value) => recordOf(type, value))]);
  }
}

/** Named by a pointer to the question. */
function recordOf(type: number, value: string): Buffer {
  const data = type === A ? Buffer.from(value.split('.').map(Number)) : textOf(value);
  const head = Buffer.from([0xc0, HEADER_BYTES, 0, type, 0, 1, 0, 0, 0, 60, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

/** In strings of at most 255 bytes. */
function textOf(value: string): Buffer {
  const parts = value.match(/.{1,255}/gs) ?? [];
  return Buffer.concat(parts.flatMap((part) => [Buffer.from([part.length]), Buffer.from(part)]));
}
