import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { UsersModule } from '../../users/users.module.js';
import { LockoutModule } from '../lockout/lockout.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SignInModule } from '../sign-in/sign-in.module.js';
import { UserImportModule } from '../user-import/user-import.module.js';
import { LoginController } from './login.controller.js';
import { LoginService } from './login.service.js';
import { ImportedSignIns } from './imported-sign-ins.js';
import { ElsewhereHandlers } from './verify-elsewhere.js';

@Module({
  imports: [DiscoveryModule, UsersModule, LockoutModule, LinksModule, PasswordsModule, SignInModule, UserImportModule],
  controllers: [LoginController],
  providers: [LoginService, ImportedSignIns, ElsewhereHandlers],
  exports: [LoginService, ElsewhereHandlers],
})
export class LoginModule {}
