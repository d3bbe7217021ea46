import { Injectable } from '@nestjs/common';
import type { StatementClient } from '../features/transaction-options.js';
import { Transactions } from '../features/transactions.js';

/**
 * The transactions of an application, injectable where `DatabaseModule` was told which provider the Prisma client is. Name the type of
 * your client in a transaction: `TransactionService<Prisma.TransactionClient>`.
 */
@Injectable()
export class TransactionService<Client extends StatementClient = StatementClient> extends Transactions<Client> {}
