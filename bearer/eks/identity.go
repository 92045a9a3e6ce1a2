package eks

import (
	"context"
	"maps"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
)

// Identity is whom STS knows the sender of a token as.
type Identity struct {
	// ARN is what STS calls the sender, such as
	// arn:aws:sts::111122223333:assumed-role/Admin/bob@example.com.
	ARN string

	// CanonicalARN is the ARN without the name of a session, such as
	// arn:aws:iam::111122223333:role/Admin: see [ARN.String].
	CanonicalARN string

	// Account is the sender's AWS account, in twelve digits.
	Account string

	// UserID is the id of a user or role, which AWS gives to no other, also when a new
	// one has the old one's name; of a root it is the account, of a federated user the
	// account and the name.
	UserID string

	// SessionName is what the session of a role is called, and empty for others. Whoever
	// may assume the role may choose it, unless the role's trust policy says otherwise;
	// for an EC2 instance it is the instance's id.
	SessionName string

	// AccessKeyID is the id of the key that signed the token.
	AccessKeyID string
}

// Mapper says which user an identity is. A Mapper that is [authn.Generational], or has
// a method HealthCheck() error, lends these to the [Authenticator].
type Mapper interface {
	// User returns the user, or an error for an identity that is none here. The user
	// needs a name; without a UID it gets one. Its groups and extra attributes are
	// copied. If it ends before the token does ([authn.ExpiryOf]), no cache remembers it
	// for longer.
	User(ctx context.Context, id Identity) (user.Info, error)
}

// MapperFunc is a func as a [Mapper].
type MapperFunc func(ctx context.Context, id Identity) (user.Info, error)

// User implements [Mapper].
func (f MapperFunc) User(ctx context.Context, id Identity) (user.Info, error) { return f(ctx, id) }

// The extra attributes of users, which aws-iam-authenticator calls so. One that has no
// value is not there.
const (
	ARNKey          = "arn"
	CanonicalARNKey = "canonicalArn"
	PrincipalIDKey  = "principalId" // the UserID
	SessionNameKey  = "sessionName"
	AccessKeyIDKey  = "accessKeyId"
)

// identified is the user of a token, who is one as long as the token holds.
type identified struct {
	user.DefaultInfo
	expiry, issued time.Time
}

// Expiry is for [authn.ExpiryOf].
func (i *identified) Expiry() time.Time { return i.expiry }

// Issued is for [authn.IssuedOf].
func (i *identified) Issued() time.Time { return i.issued }

// identify makes the user of an identity.
func (a *Authenticator) identify(ctx context.Context, id Identity, issued time.Time) (user.Info, error) {
	u, err := a.mapper.User(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case u == nil:
		return nil, authn.Errorf(authn.InvalidUser, "the mapper returned neither a user nor an error")
	}
	if err := authn.CheckName(u.GetName()); err != nil {
		return nil, authn.Errorf(authn.InvalidUser, "%w", err)
	}
	i := &identified{issued: issued, expiry: issued.Add(Lifetime)}
	if own, known := authn.ExpiryOf(u); known && own.Before(i.expiry) {
		i.expiry = own
	}
	i.Name, i.UID, i.Groups, i.Extra = u.GetName(), u.GetUID(), slices.Clone(u.GetGroups()), extra(u, id)
	if i.UID == "" {
		i.UID = "aws-iam-authenticator:" + id.Account + ":" + id.UserID
	}
	return i, nil
}

// extra returns the extra attributes of u with those of an identity, which take the
// place of what a mapper may have put there.
func extra(u user.Info, id Identity) map[string][]string {
	all := maps.Clone(u.GetExtra())
	if all == nil {
		all = make(map[string][]string)
	}
	for key, values := range all {
		all[key] = slices.Clone(values)
	}
	for key, value := range map[string]string{
		ARNKey: id.ARN, CanonicalARNKey: id.CanonicalARN, PrincipalIDKey: id.UserID,
		SessionNameKey: id.SessionName, AccessKeyIDKey: id.AccessKeyID,
		user.CredentialIDKey: "AWSACCESSKEYID=" + id.AccessKeyID,
	} {
		delete(all, key)
		if value != "" {
			all[key] = []string{value}
		}
	}
	return all
}
