// A process that takes every mail and keeps none: as little SMTP (RFC 5321, with PIPELINING) as a sender asks for. Tells its parent
// its port, and answers 'count' with how many mails it has had and when the last one came.
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';

let count = 0;
let last = 0;

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
        count++;
        last = performance.timeOrigin + performance.now();
        answer += `250 2.0.0 Ok: queued as ${count}\r\n`;
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
process.on('message', () => process.send({ count, last }));
process.on('disconnect', () => process.exit());
