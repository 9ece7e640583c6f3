import 'reflect-metadata';
import { Controller, Delete, Get, HttpCode, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { RosterUser } from '@roster/verify';
import { Allow, CurrentUser, RosterVerifyModule } from '@roster/verify/nest';
import { options, port } from './settings.js';

@Controller('orders')
class OrdersController {
  @Get()
  @Allow('AUTHENTICATED')
  list(@CurrentUser() user: RosterUser) {
    return { of: user.id, role: user.role };
  }

  @Delete()
  @HttpCode(204)
  @Allow('MANAGER')
  remove(): void {}
}

@Module({ imports: [RosterVerifyModule.forRoot(options)], controllers: [OrdersController] })
class AppModule {}

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: ['error'] });
await app.listen(port, '127.0.0.1');
