import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventsModule } from '../events/events.module.js';
import { UserActs } from './user-acts.js';
import { UserActsController } from './user-acts.controller.js';
import { UserEntity } from './user.entity.js';
import { Users } from './users.js';
import { UsersController } from './users.controller.js';

@Module({
  imports: [EventsModule, TypeOrmModule.forFeature([UserEntity])],
  controllers: [UsersController, UserActsController],
  providers: [Users, UserActs],
  exports: [Users, UserActs],
})
export class UsersModule {}
