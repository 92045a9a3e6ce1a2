package jwt_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

const (
	tenant  = "8b1f9f2e-0d3a-4c5b-9a7e-1f2d3c4b5a69"
	other   = "11111111-2222-3333-4444-555555555555"
	entraV1 = "https://sts.windows.net/" + tenant + "/"
	entraV2 = "https://login.microsoftonline.com/" + tenant + "/v2.0"
	ourApp  = "0aa2f6c2-7d6a-4d59-9d1c-6f3a1e4b5c6d"
	aksApp  = "6dae42f8-4368-4678-94ff-3960e28e3630"
)

// entra is Microsoft Entra ID: keys for all tenants, and a document for each of them
// and version of token.
func entra(t *testing.T) (cloud, *authntest.Issuer) {
	t.Helper()
	keys, net := newIssuer(t), cloud{}
	net.publish(t, entraV1+".well-known/openid-configuration", entraV1, "https://login.windows.net/common/discovery/keys", keys, "https://sts.windows.net/{tenantid}/")
	net.publish(t, entraV2+"/.well-known/openid-configuration", entraV2, "https://login.microsoftonline.com/"+tenant+"/discovery/v2.0/keys", keys, "https://login.microsoftonline.com/{tenantid}/v2.0")
	for _, everybody := range []string{"common", "organizations"} {
		net.publish(t, "https://login.microsoftonline.com/"+everybody+"/v2.0/.well-known/openid-configuration",
			"https://login.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com/"+everybody+"/discovery/v2.0/keys", keys, "https://login.microsoftonline.com/{tenantid}/v2.0")
	}
	return net, keys
}

// byOID are the mappings of docs/entra.md.
var byOID = jwt.ClaimMappings{
	Username: jwt.Claim("oid").WithPrefix("entra:"),
	Groups:   jwt.Claim("groups").WithPrefix("entra:"),
	Extra: map[string]jwt.ClaimMapping{
		"example.com/roles":  jwt.Claim("roles"),
		"example.com/scopes": jwt.Claim("scp").Words(),
	},
	Required: map[string]string{"tid": tenant},
}

func entraUser(groups []string, extra map[string][]string) answer {
	u := &user.DefaultInfo{Name: "entra:42", Groups: groups, Extra: extra}
	if u.Extra == nil {
		u.Extra = map[string][]string{}
	}
	return answer{user: u}
}

// Tokens of both versions, of one tenant and in one Mux.
func TestEntra(t *testing.T) {
	net, keys := entra(t)
	mux, err := jwt.NewMux(
		net.trusting(t, jwt.Config{Issuer: entraV1, Audiences: []string{"api://" + ourApp, aksApp}, User: byOID.User}),
		net.trusting(t, jwt.Config{Issuer: entraV2, Audiences: []string{ourApp}, User: byOID.User}),
	)
	require.NoError(t, err)
	v1 := func(changes object) string {
		return keys.Token(merged(object{"iss": entraV1, "aud": "api://" + ourApp, "ver": "1.0", "tid": tenant, "oid": "42", "sub": "pairwise", "appid": "a-client", "upn": "jane@example.com"}, changes))
	}
	v2 := func(changes object) string {
		return keys.Token(merged(object{"iss": entraV2, "aud": ourApp, "ver": "2.0", "tid": tenant, "oid": "42", "sub": "pairwise", "azp": "a-client", "preferred_username": "jane@example.com"}, changes))
	}
	run(t, mux, []row{
		{"v1.0", v1(nil), entraUser(nil, nil)},
		{"v2.0", v2(nil), entraUser(nil, nil)},
		{"v1.0, of kubelogin", v1(object{"aud": aksApp}), entraUser(nil, nil)},
		{"groups", v2(object{"groups": []string{"9e0d", "77aa"}}), entraUser([]string{"entra:9e0d", "entra:77aa"}, nil)},
		{"roles", v2(object{"roles": []string{"Orders.Admin"}}), entraUser(nil, map[string][]string{"example.com/roles": {"Orders.Admin"}})},
		{"scopes", v1(object{"scp": "Orders.Read Orders.Write"}), entraUser(nil, map[string][]string{"example.com/scopes": {"Orders.Read", "Orders.Write"}})},
		{"directory roles, which are no groups", v2(object{"wids": []string{"62e90394-69f5-4237-9190-012177145e10"}}), entraUser(nil, nil)},
		{"an address that somebody else may have", v2(object{"email": "admin@example.com", "upn": "admin@example.com", "preferred_username": "admin@example.com"}), entraUser(nil, nil)},

		{"v1.0 for the v2.0 audience", v1(object{"aud": ourApp}), answer{reason: authn.WrongAudience, text: `the token is for "` + ourApp + `", not for any of ["api://` + ourApp + `" "` + aksApp + `"]`}},
		{"v2.0 for kubelogin's", v2(object{"aud": aksApp}), answer{reason: authn.WrongAudience, text: `the token is for "` + aksApp + `", not for any of ["` + ourApp + `"]`}},
		{"for Graph", v1(object{"aud": "https://graph.microsoft.com"}), answer{reason: authn.WrongAudience, text: `the token is for "https://graph.microsoft.com", not for any of ["api://` + ourApp + `" "` + aksApp + `"]`}},
		{"another tenant's", v2(object{"iss": "https://login.microsoftonline.com/" + other + "/v2.0", "tid": other}), answer{reason: notMine, text: `issued by "https://login.microsoftonline.com/` + other + `/v2.0"`}},
		{"another tenant's v1.0", v1(object{"iss": "https://sts.windows.net/" + other + "/", "tid": other}), answer{reason: notMine, text: `issued by "https://sts.windows.net/` + other + `/"`}},
		{"another tid", v2(object{"tid": other}), answer{reason: authn.RuleFailed, text: `required: claim "tid": is "` + other + `", not "` + tenant + `"`}},
		{"no tid", v2(object{"tid": nil}), answer{reason: authn.RuleFailed, text: `required: claim "tid": missing`}},
		{"no oid", v2(object{"oid": nil}), answer{reason: authn.ClaimMissing, text: `username: claim "oid": missing`}},
		{"the placeholder", v2(object{"iss": "https://login.microsoftonline.com/{tenantid}/v2.0"}), answer{reason: notMine, text: `issued by "https://login.microsoftonline.com/{tenantid}/v2.0"`}},
		{"v1.0 without the slash", v1(object{"iss": "https://sts.windows.net/" + tenant}), answer{reason: notMine, text: `issued by "https://sts.windows.net/` + tenant + `"`}},
	})
}

func merged(claims, changes object) object {
	for name, value := range changes {
		claims[name] = value
	}
	return claims
}

// The endpoints for everybody are nobody's issuer: their document names none.
func TestEntraForEverybody(t *testing.T) {
	net, keys := entra(t)
	for _, everybody := range []string{"common", "organizations"} {
		issuer := "https://login.microsoftonline.com/" + everybody + "/v2.0"
		a := net.trusting(t, jwt.Config{Issuer: issuer, Audiences: []string{ourApp}, User: byOID.User})
		require.EqualError(t, a.Preload(t.Context()), `jwt: issuer "`+issuer+`": keys: discovery: `+issuer+`/.well-known/openid-configuration: is of issuer "https://login.microsoftonline.com/{tenantid}/v2.0", not "`+issuer+`"`)
		token := keys.Token(object{"iss": entraV2, "aud": ourApp, "tid": tenant, "oid": "42"})
		require.Equal(t, answer{reason: notMine, text: `issued by "` + entraV2 + `"`}, ask(t, a, token))
		forged := keys.Token(object{"iss": issuer, "aud": ourApp, "tid": tenant, "oid": "42"})
		require.Equal(t, authn.Unavailable, ask(t, a, forged).reason)
	}
}

// directory is who knows the groups of those who have too many for a token.
type directory map[string][]string

// user is the Config.User of docs/entra.md: it looks groups up that are not in the
// token, and never goes without.
func (d directory) user(ctx context.Context, c jwt.Claims) (user.Info, error) {
	if c.Has("hasgroups") || c.Has("_claim_names") {
		id, err := c.String("oid")
		if err != nil {
			return nil, err
		}
		groups, ok := d[id]
		if !ok {
			return nil, authn.Errorf(authn.Unavailable, "groups: the directory does not answer")
		}
		if c, err = c.With("groups", groups); err != nil {
			return nil, err
		}
	}
	return byOID.User(ctx, c)
}

func TestEntraOverage(t *testing.T) {
	net, keys := entra(t)
	a := net.trusting(t, jwt.Config{Issuer: entraV2, Audiences: []string{ourApp}, User: directory{"42": {"g1", "g2"}}.user})
	token := func(changes object) string {
		return keys.Token(merged(object{"iss": entraV2, "aud": ourApp, "tid": tenant, "oid": "42"}, changes))
	}
	elsewhere := object{
		"_claim_names":   object{"groups": "src1"},
		"_claim_sources": object{"src1": object{"endpoint": "https://graph.windows.net/" + tenant + "/users/42/getMemberObjects"}},
	}
	run(t, a, []row{
		{"too many", token(elsewhere), entraUser([]string{"entra:g1", "entra:g2"}, nil)},
		{"too many for a URL", token(object{"hasgroups": true}), entraUser([]string{"entra:g1", "entra:g2"}, nil)},
		{"few", token(object{"groups": []string{"g9"}}), entraUser([]string{"entra:g9"}, nil)},
		{"none", token(nil), entraUser(nil, nil)},
		{"the directory is down", token(merged(object{"oid": "43"}, elsewhere)), answer{reason: authn.Unavailable, text: "groups: the directory does not answer"}},
		{"of another tenant, which is not looked up in vain", token(merged(object{"tid": other}, elsewhere)), answer{reason: authn.RuleFailed, text: `required: claim "tid": is "` + other + `", not "` + tenant + `"`}},
	})
}
