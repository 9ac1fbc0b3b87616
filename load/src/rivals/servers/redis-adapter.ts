import type { Redis } from 'ioredis';
import type { Adapter, AdapterPayload } from 'oidc-provider';

/** Their tokens and codes are used up, and belong to a grant that can be revoked. */
const grantable = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode']);
const consumable = new Set(['AuthorizationCode', 'RefreshToken', 'DeviceCode']);

/**
 * Keeps what node-oidc-provider has to remember in Redis, the way the example in its repository does. Only what a refresh
 * needs: no interactions, no device codes.
 */
export function redisAdapter(redis: Redis, model: string): Adapter {
  const keyOf = (id: string) => `${model}:${id}`;
  const grantKeyOf = (grantId: string) => `grant:${grantId}`;
  const notNeeded = async (): Promise<undefined> => undefined;

  return {
    async upsert(id, payload, expiresIn = 0) {
      const key = keyOf(id);
      const text = JSON.stringify(payload);
      const multi = redis.multi();
      if (consumable.has(model)) multi.hset(key, { payload: text });
      else multi.set(key, text);
      if (expiresIn > 0) multi.expire(key, expiresIn);
      if (grantable.has(model) && payload.grantId) {
        const grantKey = grantKeyOf(payload.grantId);
        multi.rpush(grantKey, key);
        // It lives as long as the longest of what belongs to it.
        if (expiresIn > (await redis.ttl(grantKey))) multi.expire(grantKey, expiresIn);
      }
      await multi.exec();
    },
    async find(id) {
      if (!consumable.has(model)) {
        const text = await redis.get(keyOf(id));
        return text === null ? undefined : (JSON.parse(text) as AdapterPayload);
      }
      const { payload, ...rest } = await redis.hgetall(keyOf(id));
      return payload === undefined ? undefined : { ...rest, ...JSON.parse(payload) };
    },
    async consume(id) {
      await redis.hset(keyOf(id), 'consumed', Math.floor(Date.now() / 1000));
    },
    async destroy(id) {
      await redis.del(keyOf(id));
    },
    async revokeByGrantId(grantId) {
      const keys = await redis.lrange(grantKeyOf(grantId), 0, -1);
      await redis.del(grantKeyOf(grantId), ...keys);
    },
    findByUid: notNeeded,
    findByUserCode: notNeeded,
  };
}
