import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { ReadReplica } from '../../database/read-replica.js';

/** Tells the read replica who has changed something, so that nobody misses in a list what they have just changed. */
@Injectable()
export class OwnChanges implements OnModuleInit {
  constructor(
    private readonly replica: ReadReplica,
    private readonly host: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    // There is none without a server, as in a script.
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (!this.replica.isSet || !adapter) return;
    // Before the answer is sent, as the next request may follow at once.
    adapter.getInstance<FastifyInstance>().addHook('onSend', (request, _reply, _payload, done) => {
      if (request.caller && request.method !== 'GET') this.replica.noteChange(request.caller.userId);
      done();
    });
  }
}
