import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** A server that speaks PostgreSQL's protocol, knows no settings, and says of itself what it is. */
export async function startImposter(version: string): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    let isStarted = false;
    socket.on('data', (bytes) => {
      if (!isStarted) {
        isStarted = true;
        socket.write(Buffer.concat([message('R', int32(0)), READY]));
      } else if (bytes[0] === 0x51) {
        const isAskedWhat = bytes.includes('version()');
        socket.write(Buffer.concat([...(isAskedWhat ? row(version) : [message('E', UNKNOWN_SETTING)]), READY]));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `postgres://roster@127.0.0.1:${(server.address() as AddressInfo).port}/roster`, server };
}

// https://www.postgresql.org/docs/current/protocol-message-formats.html
const int16 = (value: number) => Buffer.from([value >> 8, value & 255]);
const int32 = (value: number) => Buffer.from([value >> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]);
const message = (type: string, body: Buffer) => Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
const READY = message('Z', Buffer.from('I'));
const UNKNOWN_SETTING = Buffer.from('SERROR\0C0A000\0Munimplemented: the setting is not supported\0\0');

function row(value: string): Buffer[] {
  const text = 25;
  const column = Buffer.concat([
    Buffer.from('version\0'),
    int32(0),
    int16(0),
    int32(text),
    int16(-1),
    int32(-1),
    int16(0),
  ]);
  const bytes = Buffer.from(value);
  return [
    message('T', Buffer.concat([int16(1), column])),
    message('D', Buffer.concat([int16(1), int32(bytes.length), bytes])),
    message('C', Buffer.from('SELECT 1\0')),
  ];
}
