package jwt_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

// cloud is a network on which some URLs answer, with JSON.
type cloud map[string]any

func (c cloud) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if answer, ok := c[r.URL.String()]; ok {
		_ = json.NewEncoder(w).Encode(answer)
	} else {
		w.WriteHeader(http.StatusNotFound)
	}
	return w.Result(), nil
}

// publish has an issuer's discovery document, which names it as it is told to, and
// its keys, each of which says whose tokens it is for, as Microsoft's do.
func (c cloud) publish(t *testing.T, documentURL, name, keysURL string, keys *authntest.Issuer, keysIssuer string) {
	t.Helper()
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	require.NoError(t, json.Unmarshal(keys.KeySet(), &set))
	for _, key := range set.Keys {
		if keysIssuer != "" {
			key["issuer"] = keysIssuer
		}
	}
	c[documentURL] = object{"issuer": name, "jwks_uri": keysURL}
	c[keysURL] = set
}

// trusting returns an authenticator at noon whose keys are on the network.
func (c cloud) trusting(t *testing.T, config jwt.Config) *jwt.Authenticator {
	t.Helper()
	auth, err := jwt.New(config, &jwt.Options{Client: &http.Client{Transport: c}, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	return auth
}
