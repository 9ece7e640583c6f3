// A process that takes every mail and keeps none: as little SMTP (RFC 5321, with PIPELINING) as a sender asks for. Tells its parent
// its port, and says when asked how many mails it has had since the last 'begin', and when the first and the last of them came.
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';

let seen;
begin();

const server = createServer((socket) => {
  let rest = '';
  let inMail = false;
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.write('220 sink ESMTP\r\n');
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    let answer = '';
    for (;;) {
      if (inMail) {
        const end = rest.startsWith('.\r\n') ? 0 : rest.indexOf('\r\n.\r\n') + 2;
        if (end === 1) break;
        rest = rest.slice(end + 3);
        inMail = false;
        seen.count++;
        seen.last = performance.now();
        seen.first ??= seen.last;
        answer += `250 2.0.0 Ok: queued as ${seen.count}\r\n`;
        continue;
      }
      const end = rest.indexOf('\r\n');
      if (end < 0) break;
      const command = rest.slice(0, 4).toUpperCase();
      rest = rest.slice(end + 2);
      inMail = command === 'DATA';
      if (inMail) answer += '354 go on\r\n';
      else if (command === 'EHLO') answer += '250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n';
      else if (command === 'QUIT') socket.end('221 bye\r\n');
      else answer += '250 2.0.0 Ok\r\n';
    }
    if (answer !== '') socket.write(answer);
  });
});

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', (question) => {
  if (question === 'begin') begin();
  process.send(seen);
});
process.on('disconnect', () => process.exit());

function begin() {
  seen = { count: 0, first: undefined, last: undefined };
}
