import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { VerifyController } from './verify.controller.js';

@Module({ imports: [UsersModule], controllers: [VerifyController] })
export class VerifyModule {}
