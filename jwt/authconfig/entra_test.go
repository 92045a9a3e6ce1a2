package authconfig_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// graph answers as Microsoft Graph does to
// POST /v1.0/users/{id}/getMemberObjects, for those who show the application's
// token.
func graph(groups map[string][]string, asked *int) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1.0/users/{id}/getMemberObjects", func(w http.ResponseWriter, r *http.Request) {
		*asked++
		var body struct{ SecurityEnabledOnly *bool }
		found, ok := groups[r.PathValue("id")]
		switch {
		case r.Header.Get("Authorization") != "Bearer of the application":
			w.WriteHeader(http.StatusUnauthorized)
		case json.NewDecoder(r.Body).Decode(&body) != nil || body.SecurityEnabledOnly == nil:
			w.WriteHeader(http.StatusBadRequest)
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		default:
			json.NewEncoder(w).Encode(object{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Collection(Edm.String)", "value": found})
		}
	})
	return mux
}

// entra resolves the groups of users who have too many for a token. What the token
// itself points at is Azure AD Graph, which is no more.
func entra(client *http.Client, base string) func(context.Context, jwt.Claims) ([]string, bool, error) {
	return func(ctx context.Context, c jwt.Claims) ([]string, bool, error) {
		if !c.Has("_claim_names") && !c.Has("hasgroups") {
			return nil, false, nil // few groups, and none of them
		}
		id, err := c.String("oid")
		if err != nil {
			return nil, false, err
		}
		body := bytes.NewReader([]byte(`{"securityEnabledOnly":true}`))
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1.0/users/"+id+"/getMemberObjects", body)
		if err != nil {
			return nil, false, err
		}
		req.Header.Set("Authorization", "Bearer of the application")
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			return nil, false, err
		}
		defer resp.Body.Close()
		switch resp.StatusCode {
		case http.StatusOK:
		case http.StatusNotFound:
			return nil, false, authn.Errorf(authn.Revoked, "the directory has no such user")
		default:
			return nil, false, fmt.Errorf("the directory: status %d", resp.StatusCode)
		}
		var found struct{ Value []string }
		err = json.NewDecoder(resp.Body).Decode(&found)
		return found.Value, true, err
	}
}

func TestResolve(t *testing.T) {
	issuer, directory := authntest.NewIssuer(t), authntest.NewIssuer(t)
	asked := 0
	directory.Serve(graph(map[string][]string{"42": {"g1", "g2"}, "43": {}}, &asked))
	resolve := entra(directory.Client(), directory.URL())
	a := parse(t, config(entry(issuer, byGroups)), &authconfig.Options{DistributedClaims: authconfig.DistributedClaims{Resolve: resolve}})
	overage := func(oid string) string {
		return issuer.Token(claims(object{
			"oid":            oid,
			"_claim_names":   object{"groups": "src1"},
			"_claim_sources": object{"src1": object{"endpoint": "https://graph.windows.net/tenant/users/" + oid + "/getMemberObjects"}},
		}))
	}
	jane := overage("42")
	for range 3 {
		requireUser(t, a, jane, info{Name: "jane", Groups: []string{"o:g1", "o:g2"}})
	}
	require.Equal(t, 1, asked)
	requireUser(t, a, overage("43"), info{Name: "jane", Groups: []string{}})
	requireUser(t, a, issuer.Token(claims(object{"oid": "42", "hasgroups": true})), info{Name: "jane", Groups: []string{"o:g1", "o:g2"}})
	requireUser(t, a, issuer.Token(claims(object{"oid": "42"})), info{Name: "jane"})
	requireUser(t, a, issuer.Token(claims(object{"groups": []string{"few"}})), info{Name: "jane", Groups: []string{"o:few"}})
	requireRefused(t, a, overage("44"), authn.Revoked, "the directory has no such user")
	directory.Serve(authntest.Status(http.StatusTooManyRequests))
	requireRefused(t, a, overage("45"), authn.Unavailable, "the directory: status 429")
	directory.Stop()
	requireRefused(t, a, overage("46"), authn.Unavailable, "connect: connection refused")
}

func TestResolvePanics(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	a := parse(t, config(entry(issuer, byGroups)), &authconfig.Options{DistributedClaims: authconfig.DistributedClaims{
		Resolve: func(context.Context, jwt.Claims) ([]string, bool, error) { panic("a secret") },
	}})
	requireRefused(t, a, issuer.Token(claims(nil)), authn.Panicked, "the look-up panicked with a string")
}
