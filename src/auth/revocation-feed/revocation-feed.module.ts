import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/access.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { RevocationFeed } from './revocation-feed.js';
import { RevocationFeedController } from './revocation-feed.controller.js';
import { RevocationFollower } from './revocation-follower.js';
import { RevocationStream } from './revocation-stream.js';

@Module({
  imports: [AccessModule, SessionsModule],
  controllers: [RevocationFeedController],
  providers: [RevocationFeed, RevocationFollower, RevocationStream],
})
export class RevocationFeedModule {}
