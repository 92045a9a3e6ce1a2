package serviceaccount

import (
	"context"
	"crypto/subtle"
	"slices"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/jwt"
)

// LegacyIssuer is the issuer of the tokens in Secrets.
const LegacyIssuer = "kubernetes/serviceaccount"

// readLegacy reads the claims of a token in a Secret.
func readLegacy(c jwt.Claims) (t claims, err error) {
	const prefix = "kubernetes.io/serviceaccount/"
	namespace, err := readNamespace(c, prefix+"namespace")
	if err != nil {
		return t, err
	}
	t.account = Reference{Kind: ServiceAccount, Namespace: namespace}
	t.secret = Reference{Kind: Secret, Namespace: namespace}
	if t.secret.Name, err = readName(c, prefix+"secret.name"); err != nil {
		return t, err
	}
	if t.account.Name, err = readName(c, prefix+"service-account.name"); err != nil {
		return t, err
	}
	t.account.UID, err = readUID(c, prefix+"service-account.uid")
	return t, err
}

// lookUpLegacy checks that a Secret holds the token, and that its account is still there.
// Unlike others, a legacy token is not good for a minute more.
func (a *Authenticator) lookUpLegacy(ctx context.Context, t *verified) error {
	secret, err := a.object(ctx, t.claims.secret)
	switch {
	case err != nil:
		return err
	case !secret.Deleted.IsZero():
		return deleted(t.claims.secret)
	case subtle.ConstantTimeCompare(secret.Token, []byte(t.raw)) == 0:
		return authn.Errorf(authn.Revoked, "%s: holds another token", t.claims.secret)
	}
	account, err := a.object(ctx, t.claims.account)
	switch {
	case err != nil:
		return err
	case !account.Deleted.IsZero():
		return deleted(t.claims.account)
	}
	t.secret, t.generated = secret, slices.Contains(account.Secrets, t.claims.secret.Name)
	if secret.InvalidSince != "" {
		a.tell(ctx, t)
		return authn.Errorf(authn.Revoked, "%s: marked invalid by the label kubernetes.io/legacy-token-invalid-since, %s", t.claims.secret, clip.Quote(secret.InvalidSince))
	}
	return nil
}

func deleted(r Reference) error { return authn.Errorf(authn.Revoked, "%s: deleted", r) }
