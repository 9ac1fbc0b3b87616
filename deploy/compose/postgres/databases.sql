-- Runs once, on an empty volume. One database per service, and one role that may connect to that database and to no
-- other. The services create their own tables when they start.
\set auth_password `cat /run/secrets/auth-password`
\set cart_password `cat /run/secrets/cart-password`
\set wishlist_password `cat /run/secrets/wishlist-password`
\set payment_password `cat /run/secrets/payment-password`

-- Whoever is not told otherwise may connect nowhere.
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;

CREATE ROLE auth LOGIN PASSWORD :'auth_password';
CREATE DATABASE auth OWNER auth;
REVOKE ALL ON DATABASE auth FROM PUBLIC;

CREATE ROLE cart LOGIN PASSWORD :'cart_password';
CREATE DATABASE cart OWNER cart;
REVOKE ALL ON DATABASE cart FROM PUBLIC;

CREATE ROLE wishlist LOGIN PASSWORD :'wishlist_password';
CREATE DATABASE wishlist OWNER wishlist;
REVOKE ALL ON DATABASE wishlist FROM PUBLIC;

CREATE ROLE payment LOGIN PASSWORD :'payment_password';
CREATE DATABASE payment OWNER payment;
REVOKE ALL ON DATABASE payment FROM PUBLIC;
