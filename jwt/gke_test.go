package jwt_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/union"
)

const (
	google       = "https://accounts.google.com"
	googleClient = "42.apps.googleusercontent.com"
	gkeCluster   = "https://container.googleapis.com/v1/projects/p/locations/europe-west1/clusters/prod"
)

// ourPeople is the Config.User of docs/gke.md for ID tokens of people.
func ourPeople(ctx context.Context, c jwt.Claims) (user.Info, error) {
	if verified, err := c.Bool("email_verified"); err != nil || !verified {
		return nil, authn.Errorf(authn.RuleFailed, "the email address is not verified")
	}
	return jwt.ClaimMappings{
		Username: jwt.Claim("email").WithPrefix("google:"),
		UID:      jwt.Claim("sub"),
		Required: map[string]string{"hd": "example.com"},
	}.User(ctx, c)
}

// ID tokens that Google signs for people of one organization.
func TestGoogleIDTokens(t *testing.T) {
	net, keys := cloud{}, newIssuer(t)
	net.publish(t, google+"/.well-known/openid-configuration", google, "https://www.googleapis.com/oauth2/v3/certs", keys, "")
	a := net.trusting(t, jwt.Config{Issuer: google, Audiences: []string{googleClient}, User: ourPeople})
	token := func(changes object) string {
		return keys.Token(merged(object{"iss": google, "azp": googleClient, "aud": googleClient, "sub": "1107", "email": "jane@example.com", "email_verified": true, "hd": "example.com"}, changes))
	}
	jane := answer{user: &user.DefaultInfo{Name: "google:jane@example.com", UID: "1107"}}
	unverified := answer{reason: authn.RuleFailed, text: "the email address is not verified"}
	run(t, a, []row{
		{"jane", token(nil), jane},
		{"without the scheme", token(object{"iss": "accounts.google.com"}), jane},
		{"of gcloud", token(object{"aud": "32555940559.apps.googleusercontent.com"}), answer{reason: authn.WrongAudience, text: `the token is for "32555940559.apps.googleusercontent.com", not for any of ["42.apps.googleusercontent.com"]`}},
		{"of another website", token(object{"aud": "43.apps.googleusercontent.com", "azp": "43.apps.googleusercontent.com"}), answer{reason: authn.WrongAudience, text: `the token is for "43.apps.googleusercontent.com", not for any of ["42.apps.googleusercontent.com"]`}},
		{"of nobody's organization", token(object{"hd": nil, "email": "jane@gmail.com"}), answer{reason: authn.RuleFailed, text: `required: claim "hd": missing`}},
		{"of an address like ours elsewhere", token(object{"hd": "example.org"}), answer{reason: authn.RuleFailed, text: `required: claim "hd": is "example.org", not "example.com"`}},
		{"an address that is not verified", token(object{"email_verified": false}), unverified},
		{"an address that nobody speaks of", token(object{"email_verified": nil}), unverified},
		{"an address that is verified in words", token(object{"email_verified": "true"}), unverified},
		{"no address", token(object{"email": nil}), answer{reason: authn.ClaimMissing, text: `username: claim "email": missing`}},
	})
}

// ourRobots is the Config.User of docs/gke.md for ID tokens of service accounts.
func ourRobots(ctx context.Context, c jwt.Claims) (user.Info, error) {
	switch id, _ := c.String("sub"); id {
	case "1075":
		return jwt.ClaimMappings{Username: jwt.Claim("sub").WithPrefix("google-robot:")}.User(ctx, c)
	}
	return nil, authn.Errorf(authn.RuleFailed, "the service account is none of ours")
}

// Any service account of anybody can have a token for our URL, so they are listed. The
// authenticators of people and of these share their keys.
func TestGoogleServiceAccounts(t *testing.T) {
	net, keys := cloud{}, newIssuer(t)
	net.publish(t, google+"/.well-known/openid-configuration", google, "https://www.googleapis.com/oauth2/v3/certs", keys, "")
	people := net.trusting(t, jwt.Config{Issuer: google, Audiences: []string{googleClient}, User: ourPeople})
	robots, err := jwt.New(jwt.Config{Issuer: google, Audiences: []string{"https://my-api.example.com"}, User: ourRobots},
		&jwt.Options{Keys: people.Keys(), Now: func() time.Time { return noon }})
	require.NoError(t, err)
	token := func(changes object) string {
		return keys.Token(merged(object{"iss": google, "aud": "https://my-api.example.com", "azp": "1075", "sub": "1075", "email": "robot@p.iam.gserviceaccount.com", "email_verified": true}, changes))
	}
	run(t, robots, []row{
		{"ours", token(nil), isUser("google-robot:1075")},
		{"another's, of the same address", token(object{"sub": "1076", "azp": "1076"}), answer{reason: authn.RuleFailed, text: "the service account is none of ours"}},
		{"ours, for another", token(object{"aud": "https://other.example.com"}), answer{reason: authn.WrongAudience, text: `the token is for "https://other.example.com", not for any of ["https://my-api.example.com"]`}},
	})
	both := union.Tokens(people, robots)
	resp, ok, err := both.AuthenticateToken(t.Context(), token(nil))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "google-robot:1075", resp.User.GetName())
}

// Tokens of the service accounts of a cluster, which its API server signs.
func TestGKEServiceAccounts(t *testing.T) {
	net, keys := cloud{}, newIssuer(t)
	net.publish(t, gkeCluster+"/.well-known/openid-configuration", gkeCluster, gkeCluster+"/jwks", keys, "")
	pods := jwt.ClaimMappings{Username: jwt.Claim("sub").WithPrefix("gke:prod:")}
	a := net.trusting(t, jwt.Config{Issuer: gkeCluster, Audiences: []string{"https://my-api.example.com"}, User: pods.User})
	token := func(changes object) string {
		return keys.Token(merged(object{
			"iss": gkeCluster, "aud": []string{"https://my-api.example.com"}, "sub": "system:serviceaccount:shop:cart", "jti": "j1",
			"kubernetes.io": object{"namespace": "shop", "serviceaccount": object{"name": "cart", "uid": "u1"}, "pod": object{"name": "cart-0", "uid": "u2"}},
		}, changes))
	}
	staging := "https://container.googleapis.com/v1/projects/p/locations/europe-west1/clusters/staging"
	run(t, a, []row{
		{"a pod", token(nil), answer{user: &user.DefaultInfo{
			Name: "gke:prod:system:serviceaccount:shop:cart", Extra: map[string][]string{user.CredentialIDKey: {"JTI=j1"}},
		}}},
		{"for the API server", token(object{"aud": []string{gkeCluster}}), answer{reason: authn.WrongAudience, text: `the token is for "` + gkeCluster + `", not for any of ["https://my-api.example.com"]`}},
		{"for Google", token(object{"aud": []string{"p.svc.id.goog"}}), answer{reason: authn.WrongAudience, text: `the token is for "p.svc.id.goog", not for any of ["https://my-api.example.com"]`}},
		{"of another cluster", token(object{"iss": staging}), answer{reason: notMine, text: `issued by "` + staging + `"`}},
		{"of old, without an end", token(object{"exp": nil}), answer{reason: authn.ClaimMissing, text: `claim "exp": missing`}},
	})
}
