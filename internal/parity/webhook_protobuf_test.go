package parity

import (
	"bytes"

	authenticationv1 "k8s.io/api/authentication/v1"
	authenticationv1beta1 "k8s.io/api/authentication/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// inProtobuf is a review that has found ann, as a Kubernetes API server sends it to
// who asks for protobuf.
func inProtobuf(version string) string {
	kind := metav1.TypeMeta{APIVersion: version, Kind: "TokenReview"}
	var review runtime.Object = &authenticationv1.TokenReview{TypeMeta: kind, Status: authenticationv1.TokenReviewStatus{Authenticated: true, User: authenticationv1.UserInfo{Username: "ann"}}}
	if version == authenticationv1beta1.SchemeGroupVersion.String() {
		review = &authenticationv1beta1.TokenReview{TypeMeta: kind, Status: authenticationv1beta1.TokenReviewStatus{Authenticated: true, User: authenticationv1beta1.UserInfo{Username: "ann"}}}
	}
	var text bytes.Buffer
	if err := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme).Encode(review, &text); err != nil {
		panic(err) // of a review of this file's own
	}
	return text.String()
}
