import { Global, Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { Authentication } from '../../access/authentication.js';
import { LiveSessions } from '../../access/live-sessions.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { EvidenceModule } from '../sign-in-evidence/evidence.module.js';
import { RefreshController } from './refresh.controller.js';
import { SessionsController } from './sessions.controller.js';
import { CurrentSessionController } from './current-session.controller.js';
import { RequestAuthentication } from './request-authentication.js';
import { SessionCookies } from './session-cookies.js';
import { Sessions } from './sessions.js';
import { UserSessionsController } from './user-sessions.controller.js';
import { UserSessions } from './user-sessions.js';
import { AccessTokens } from './access-tokens.js';
import { RefreshTokens } from './refresh-tokens.js';
import { RefreshService } from './refresh.service.js';
import { SessionGenerations } from './session-generations.js';
import { RevocationReader } from './revocation-reader.js';
import { Revocations } from './revocations.js';
import { RevocationHints } from './revocation-hints.js';
import { SessionStates } from './session-states.js';
import { AccessTokenAuthentication } from './access-token.authentication.js';
import { SessionRenewals } from './session-renewals.js';
import { SessionEndings } from './session-endings.js';
import { SessionUpkeep } from './session-upkeep.js';

/** Global, because the guard of every route authenticates the caller. */
@Global()
@Module({
  imports: [JobsModule, JwtModule.register({}), UsersModule, EvidenceModule],
  controllers: [RefreshController, SessionsController, UserSessionsController, CurrentSessionController],
  providers: [
    Sessions,
    UserSessions,
    AccessTokens,
    RefreshTokens,
    RefreshService,
    SessionGenerations,
    RevocationReader,
    Revocations,
    RevocationHints,
    SessionStates,
    AccessTokenAuthentication,
    RequestAuthentication,
    SessionCookies,
    SessionRenewals,
    SessionEndings,
    SessionUpkeep,
    { provide: Authentication, useExisting: RequestAuthentication },
    { provide: LiveSessions, useExisting: SessionStates },
  ],
  exports: [
    Sessions,
    UserSessions,
    SessionCookies,
    SessionRenewals,
    SessionStates,
    Revocations,
    AccessTokenAuthentication,
    AccessTokens,
    Authentication,
    LiveSessions,
  ],
})
export class SessionsModule {}
