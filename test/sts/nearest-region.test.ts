import { describe, expect, it } from "vitest";
import { googleRegions, nearestRegion } from "../../src/sts/nearest-region.ts";

type Place = readonly [latitude: number, longitude: number];

/** Where the regions are, by the cities that the vendors name. */
const aws: Readonly<Record<string, Place>> = {
  "us-east-1": [38.9, -77.4],
  "us-east-2": [40.0, -83.0],
  "us-west-1": [37.4, -121.9],
  "us-west-2": [45.8, -119.7],
  "ca-central-1": [45.5, -73.6],
  "sa-east-1": [-23.5, -46.6],
  "eu-west-1": [53.3, -6.3],
  "eu-west-2": [51.5, -0.1],
  "eu-west-3": [48.9, 2.4],
  "eu-central-1": [50.1, 8.7],
  "eu-north-1": [59.3, 18.1],
  "ap-south-1": [19.1, 72.9],
  "ap-northeast-1": [35.7, 139.7],
  "ap-northeast-2": [37.6, 127.0],
  "ap-northeast-3": [34.7, 135.5],
  "ap-southeast-1": [1.35, 103.8],
  "ap-southeast-2": [-33.9, 151.2],
};
const google: Readonly<Record<string, Place>> = {
  "africa-south1": [-26.2, 28.0],
  "asia-east1": [24.1, 120.5],
  "asia-east2": [22.3, 114.2],
  "asia-northeast1": [35.7, 139.7],
  "asia-northeast2": [34.7, 135.5],
  "asia-northeast3": [37.6, 127.0],
  "asia-south1": [19.1, 72.9],
  "asia-south2": [28.6, 77.2],
  "asia-southeast1": [1.35, 103.7],
  "asia-southeast2": [-6.2, 106.8],
  "asia-southeast3": [13.75, 100.5],
  "australia-southeast1": [-33.9, 151.2],
  "australia-southeast2": [-37.8, 145.0],
  "europe-central2": [52.2, 21.0],
  "europe-north1": [60.6, 27.2],
  "europe-north2": [59.3, 18.1],
  "europe-southwest1": [40.4, -3.7],
  "europe-west1": [50.5, 3.8],
  "europe-west2": [51.5, -0.1],
  "europe-west3": [50.1, 8.7],
  "europe-west4": [53.4, 6.8],
  "europe-west6": [47.4, 8.5],
  "europe-west8": [45.5, 9.2],
  "europe-west9": [48.9, 2.4],
  "europe-west10": [52.5, 13.4],
  "europe-west12": [45.1, 7.7],
  "me-central1": [25.3, 51.5],
  "me-central2": [26.4, 50.1],
  "me-west1": [32.1, 34.8],
  "northamerica-northeast1": [45.5, -73.6],
  "northamerica-northeast2": [43.7, -79.4],
  "northamerica-south1": [20.6, -100.4],
  "southamerica-east1": [-23.5, -46.6],
  "southamerica-west1": [-33.4, -70.7],
  "us-central1": [41.3, -95.9],
  "us-east1": [33.2, -80.0],
  "us-east4": [39.0, -77.5],
  "us-east5": [40.0, -83.0],
  "us-south1": [32.8, -96.8],
  "us-west1": [45.6, -121.2],
  "us-west2": [34.1, -118.2],
  "us-west3": [40.8, -111.9],
  "us-west4": [36.2, -115.1],
  "us-west8": [33.4, -112.1],
};

function kilometres([a, b]: Place, [c, d]: Place): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (x: number, y: number) => Math.sin(radians(y - x) / 2) ** 2;
  return 12_742 * Math.asin(Math.sqrt(half(a, c) + Math.cos(radians(a)) * Math.cos(radians(c)) * half(b, d)));
}

describe("the nearest AWS region", () => {
  it.each(Object.entries(google))("of %s is the one with the least distance", (region, place) => {
    const [closest] = Object.entries(aws).toSorted(([, a], [, b]) => kilometres(place, a) - kilometres(place, b));
    expect(nearestRegion(region)).toBe(closest?.[0]);
  });

  it("is known for these regions and no others", () => {
    expect(googleRegions.toSorted()).toEqual(Object.keys(google).toSorted());
  });

  it.each([
    ["us-central1-a", "us-east-2"],
    ["projects/1071284184436/zones/europe-west4-b", "eu-central-1"],
    ["projects/1071284184436/regions/europe-west4", "eu-central-1"],
    ["moon-north1-a", undefined],
    ["", undefined],
    ["constructor", undefined],
    ["us-central1-a\n", undefined],
  ])("of %j is %s", (place, region) => {
    expect(nearestRegion(place)).toBe(region);
  });
});
