package authntest

import (
	"maps"
	"slices"

	"k8s.io/apiserver/pkg/authentication/user"
)

// tokenReview is the part of authentication.k8s.io's TokenReview that is used
// here; v1 and v1beta1 spell it alike.
type tokenReview struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Spec       tokenReviewSpec   `json:"spec"`
	Status     tokenReviewStatus `json:"status"`
}

type tokenReviewSpec struct {
	Token     string   `json:"token,omitempty"`
	Audiences []string `json:"audiences,omitempty"`
}

type tokenReviewStatus struct {
	Authenticated bool      `json:"authenticated,omitempty"`
	User          *userInfo `json:"user,omitempty"`
	Audiences     []string  `json:"audiences,omitempty"`
	Error         string    `json:"error,omitempty"`
}

type userInfo struct {
	Username string              `json:"username,omitempty"`
	UID      string              `json:"uid,omitempty"`
	Groups   []string            `json:"groups,omitempty"`
	Extra    map[string][]string `json:"extra,omitempty"`
}

// wireUser copies u, so that later changes to it do not reach an answer.
func wireUser(u user.Info) *userInfo {
	if u == nil {
		return nil
	}
	extra := maps.Clone(u.GetExtra())
	for key, values := range extra {
		extra[key] = slices.Clone(values)
	}
	return &userInfo{Username: u.GetName(), UID: u.GetUID(), Groups: slices.Clone(u.GetGroups()), Extra: extra}
}
